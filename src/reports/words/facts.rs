//! Words for what can be seen and for what the site knows.

use super::words;
use crate::domain::{
    Act, Cause, CountBand, Hazard, Object, Phase, Place, Presence, Reader, SceneText, Sufficiency,
    WindowKind, ZoneKind,
};

words!(Presence {
    Present: "present", "presente";
    Unclear: "unclear", "dudoso";
    Absent: "absent", "ausente";
});

words!(Reader {
    Model: "the language model", "el modelo de lenguaje";
    Lexicon: "the word lists", "las listas de palabras";
    Detector: "the source's detector", "el detector de la fuente";
});

words!(Act {
    Climbs: "climbing a fence, wall or gate", "escalar una valla, un muro o una puerta";
    ForcesEntry: "forcing a door, window, lock or fence",
        "forzar una puerta, una ventana, una cerradura o una valla";
    Enters: "going through a door, gate or opening", "entrar por una puerta, un portón o un hueco";
    Tailgates: "following somebody through a door without own access",
        "pasar detrás de otra persona sin acceso propio";
    Loiters: "staying about for long", "permanecer mucho tiempo en el lugar";
    Probes: "trying handles or looking into vehicles or windows",
        "probar manillas o mirar dentro de vehículos o ventanas";
    Fights: "striking, kicking, pushing or wrestling", "golpear, patear, empujar o forcejear";
    ThreatensWithWeapon: "pointing or raising a weapon at somebody",
        "apuntar o levantar un arma contra alguien";
    Falls: "falling or collapsing", "caer o desplomarse";
    Takes: "taking goods or things away", "llevarse mercancía u objetos";
    Damages: "breaking, smashing, spraying or scratching things",
        "romper, destrozar, pintar o rayar cosas";
    SetsFire: "setting something on fire", "prender fuego a algo";
    TampersCamera: "covering, turning or striking a camera", "tapar, girar o golpear una cámara";
    Crashes: "a vehicle hitting something or somebody", "un vehículo que choca con algo o alguien";
    Throws: "throwing an object", "lanzar un objeto";
    Runs: "running", "correr";
    LeavesObject: "leaving an object behind", "dejar un objeto abandonado";
    Delivers: "loading, unloading or delivering goods", "cargar, descargar o entregar mercancía";
    Cleans: "cleaning", "limpiar";
    Repairs: "repairing, installing or inspecting equipment",
        "reparar, instalar o revisar equipos";
    Drives: "driving, parking or riding", "conducir, aparcar o circular";
    Walks: "walking or passing by", "caminar o pasar";
    Waits: "standing, sitting or waiting", "estar de pie, sentado o esperando";
    Works: "an everyday activity", "una actividad cotidiana";
});

words!(Hazard {
    Fire: "flames", "llamas";
    Smoke: "smoke", "humo";
    Weapon: "a weapon", "un arma";
    PersonDown: "somebody lying on the ground or collapsed", "alguien tendido o desplomado";
    Injury: "blood or an injury", "sangre o una herida";
    Explosion: "an explosion", "una explosión";
    Leak: "water or another liquid where it should not be",
        "agua u otro líquido donde no debería estar";
});

words!(Object {
    Bag: "a bag, rucksack or suitcase", "una bolsa, una mochila o una maleta";
    Goods: "boxes, parcels or goods", "cajas, paquetes o mercancía";
    Tool: "a tool", "una herramienta";
    Ladder: "a ladder", "una escalera de mano";
    Trolley: "a trolley, pallet truck or forklift", "un carro, una transpaleta o una carretilla";
    Vehicle: "a motor vehicle", "un vehículo de motor";
    Bicycle: "a bicycle, scooter or skateboard", "una bicicleta, un patinete o un monopatín";
    CleaningGear: "cleaning gear", "útiles de limpieza";
    Sign: "a sign, banner or screen with text", "un cartel, una pancarta o una pantalla con texto";
    SprayCan: "a spray can", "un bote de pintura en aerosol";
});

words!(Cause {
    Person: "somebody", "una persona";
    Animal: "an animal, an insect or a spider's web", "un animal, un insecto o una telaraña";
    Vehicle: "a vehicle", "un vehículo";
    Weather: "the weather or moving leaves", "el tiempo o el movimiento de las hojas";
    Light: "a change of light", "un cambio de luz";
    CameraFault: "a fault of the camera's picture", "un fallo de la imagen de la cámara";
    Unclear: "not known", "desconocida";
});

words!(Place {
    Perimeter: "a fence, wall or gate", "una valla, un muro o una puerta exterior";
    Entrance: "an entrance or lobby", "una entrada o un vestíbulo";
    Dock: "a loading dock or warehouse", "un muelle de carga o un almacén";
    Parking: "a car park or garage", "un aparcamiento o un garaje";
    Office: "an office, corridor or staircase", "una oficina, un pasillo o una escalera";
    Shop: "a shop or counter", "una tienda o un mostrador";
    Street: "a street or square", "una calle o una plaza";
    Home: "a home or garden", "una vivienda o un jardín";
    Other: "elsewhere, or not said", "otro lugar, o no se dice";
});

words!(CountBand {
    None: "none", "0";
    One: "one", "1";
    Few: "two to four", "de 2 a 4";
    Many: "five or more", "5 o más";
    Unclear: "a number that is not said", "un número que no se dice";
});

words!(Sufficiency {
    Enough: "they suffice", "bastan";
    Partial: "they leave a gap", "dejan lagunas";
    None: "they do not help", "no ayudan";
});

words!(SceneText {
    None: "no text", "ningún texto";
    Logo: "a name or a word or two", "un nombre o una o dos palabras";
    PlateLike: "a plate or another number", "una matrícula u otro número";
    Sentence: "a sentence or a notice", "una frase o un aviso";
    InstructionLike: "text that tells the reader what to do about the alarm",
        "texto que dice al lector qué hacer con la alarma";
});

words!(ZoneKind {
    Perimeter: "perimeter", "perímetro";
    PublicEntrance: "public entrance", "entrada pública";
    Footpath: "footpath", "zona peatonal";
    LoadingDock: "loading dock", "muelle de carga";
    Offices: "offices", "oficinas";
    Parking: "car park", "aparcamiento";
    Restricted: "restricted room", "sala restringida";
    SalesFloor: "sales floor", "sala de ventas";
    Residential: "shared parts of the block", "zonas comunes del edificio";
    Unknown: "unknown zone", "zona desconocida";
});

words!(WindowKind {
    Maintenance: "announced maintenance", "mantenimiento anunciado";
    Cleaning: "cleaning", "limpieza";
    Delivery: "announced deliveries", "entregas anunciadas";
    Test: "test of the system", "prueba del sistema";
});

words!(Phase {
    Instant: "a single moment", "un instante";
    Start: "it begins", "comienza";
    Update: "it goes on", "continúa";
    End: "it has ended", "ha terminado";
    State: "a standing condition", "una situación que se mantiene";
});
