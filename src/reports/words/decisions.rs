//! Words for rules, verdicts, actions, and what people say.

use super::words;
use crate::domain::{
    ActionCode, Approver, DispositionCode, Effect, Outcome, Oversight, ReasonCode, Role, Severity,
    Urgency,
};

words!(Effect {
    Permit: "permits", "permite";
    Forbid: "forbids", "prohíbe";
});

words!(Oversight {
    Operator: "an operator", "un operador";
    Supervisor: "a supervisor", "un supervisor";
    TwoPersons: "two persons", "dos personas";
});

words!(Outcome {
    Dismissed: "dismissed", "descartada";
    Uncertain: "uncertain", "dudosa";
    Verified: "verified", "verificada";
});

words!(Severity {
    None: "none", "ninguna";
    Low: "low", "baja";
    Medium: "medium", "media";
    High: "high", "alta";
    Critical: "critical", "crítica";
});

words!(ReasonCode {
    Verified: "A rule, and both reads, say that it is real.",
        "Una regla y las dos lecturas dicen que es real.";
    Harmless: "A rule, and both reads, say that it is harmless.",
        "Una regla y las dos lecturas dicen que es inofensiva.";
    SettledByRule: "A rule settles it without any model's reading.",
        "Una regla la resuelve sin lectura de ningún modelo.";
    Failed: "A step of the analysis failed, so a person must look.",
        "Un paso del análisis falló, así que debe mirarla una persona.";
    NoCaptions: "No captions came with the alarm, so a person must look.",
        "La alarma llegó sin descripciones, así que debe mirarla una persona.";
    UnknownCamera: "The camera is not in the site's file, so a person must look.",
        "La cámara no figura en el fichero del lugar, así que debe mirarla una persona.";
    InsufficientEvidence: "The captions do not suffice, so a person must look.",
        "Las descripciones no bastan, así que debe mirarla una persona.";
    LifeSafety: "A life may be at stake, so a person must look.",
        "Puede haber una vida en juego, así que debe mirarla una persona.";
    InstructionInScene: "Text in the scene tells the reader what to do, so a person must look.",
        "Un texto en la escena dice al lector qué hacer, así que debe mirarla una persona.";
    ReadsDisagree: "The language model and the classifier disagree, so a person must look.",
        "El modelo de lenguaje y el clasificador no coinciden, así que debe mirarla una persona.";
    NotPermitted: "No rule permits what the model proposes, so a person must look.",
        "Ninguna regla permite lo que propone el modelo, así que debe mirarla una persona.";
    ModelUncertain: "The language model cannot tell, so a person must look.",
        "El modelo de lenguaje no sabe decidir, así que debe mirarla una persona.";
    ClockSuspect: "The source's clock cannot be right, so a person must look.",
        "El reloj de la fuente no puede estar bien, así que debe mirarla una persona.";
});

words!(ActionCode {
    CheckLiveView: "look at the camera's live picture", "mirar la imagen en directo de la cámara";
    CheckNeighbours: "look at the neighbouring cameras", "mirar las cámaras vecinas";
    TalkDown: "speak over the loudspeaker", "hablar por el altavoz";
    SendGuard: "send the site's guard to look", "enviar al vigilante a comprobar";
    CallKeyholder: "call the keyholder", "llamar al responsable de las llaves";
    FollowEmergencyProcedure: "begin the site's emergency procedure",
        "iniciar el procedimiento de emergencia del lugar";
    CallPolice: "call the police", "llamar a la policía";
    CallFireBrigade: "call the fire brigade", "llamar a los bomberos";
    CallAmbulance: "call an ambulance", "llamar a una ambulancia";
    PreserveClip: "keep the clip beyond its normal term",
        "conservar el vídeo más allá de su plazo normal";
    NotifySupervisor: "tell the supervisor", "avisar al supervisor";
    RequestCameraService: "have the camera cleaned, turned or mended",
        "pedir que limpien, orienten o reparen la cámara";
    LogOnly: "write it down and do nothing else", "anotarlo y no hacer nada más";
});

words!(Urgency {
    Immediate: "at once", "de inmediato";
    Soon: "within minutes", "en unos minutos";
    Routine: "when there is time", "cuando haya tiempo";
});

words!(Approver {
    Operator: "any operator", "cualquier operador";
    Supervisor: "a supervisor", "un supervisor";
    Manager: "a manager", "un responsable";
    TwoPersons: "two persons", "dos personas";
});

words!(DispositionCode {
    RealThreat: "a real threat", "una amenaza real";
    RealNoThreat: "really there, but no threat", "real, pero sin amenaza";
    FalseDetection: "a false detection", "una detección falsa";
    Technical: "a technical fault", "un fallo técnico";
    Test: "a test", "una prueba";
    Duplicate: "the same event as another alarm", "el mismo suceso que otra alarma";
    Undetermined: "it cannot be told", "no se puede saber";
});

words!(Role {
    Source: "a source of alarms", "una fuente de alarmas";
    Operator: "operator", "operador";
    Supervisor: "supervisor", "supervisor";
    Manager: "manager", "responsable";
    Auditor: "auditor", "auditor";
    Admin: "administrator", "administrador";
});
