//! Caption files: COCO's annotations and results, Visual Genome's regions, ChatEarthNet's pairs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Captioned, words};

/// Captions by the name of their image.
type ByImage = BTreeMap<String, Vec<String>>;

/// COCO: `{"annotations": [{"image_id": 1, "caption": "…"}]}`.
#[derive(Deserialize)]
struct Coco {
    annotations: Vec<Line>,
}

/// A caption of an image: a line of COCO's results, and of ChatEarthNet, which names images `image`.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "image")]
    image_id: Value,
    caption: String,
}

/// Visual Genome: `[{"id": 1, "regions": [{"phrase": "…"}]}]`.
#[derive(Deserialize)]
struct Regions {
    id: Value,
    regions: Vec<Region>,
}

#[derive(Deserialize)]
struct Region {
    phrase: String,
}

/// The captions of a file, by image.
///
/// # Errors
/// In words, when it has none of the shapes, with what each of them lacks.
pub fn captions(text: &str) -> Result<ByImage, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let of_lines = |lines: Vec<Line>| lines.into_iter().map(|line| (line.image_id, line.caption));
    let tried = match &value {
        Value::Object(_) => Coco::deserialize(&value)
            .map(|coco| grouped(of_lines(coco.annotations)))
            .map_err(|error| format!("is no COCO annotations ({error})")),
        Value::Array(items) if items.first().is_some_and(|item| item.get("regions").is_some()) => {
            Vec::<Regions>::deserialize(&value)
                .map(|images| {
                    grouped(images.into_iter().flat_map(|image| {
                        let id = image.id;
                        image.regions.into_iter().map(move |region| (id.clone(), region.phrase))
                    }))
                })
                .map_err(|error| format!("is no Visual Genome regions ({error})"))
        }
        Value::Array(_) => Vec::<Line>::deserialize(&value)
            .map(|lines| grouped(of_lines(lines)))
            .map_err(|error| format!("is no list of captions with `image_id` ({error})")),
        _ => Err("is neither an object nor a list".to_owned()),
    };
    let captions = tried?;
    if captions.is_empty() { Err("holds no caption".to_owned()) } else { Ok(captions) }
}

fn grouped(captions: impl Iterator<Item = (Value, String)>) -> ByImage {
    let mut found = ByImage::new();
    for (image, caption) in captions {
        let image = image.as_str().map_or_else(|| image.to_string(), str::to_owned);
        found.entry(image).or_default().push(caption);
    }
    found
}

/// Each image's caption beside its references, and the images that only one of the two has.
///
/// # Errors
/// In words, when an image has two captions to measure, or no image is in both.
pub fn pair(references: &ByImage, candidates: &ByImage) -> Result<(Vec<Captioned>, usize), String> {
    let mut set = Vec::new();
    for (image, captions) in candidates {
        let [caption] = captions.as_slice() else {
            return Err(format!(
                "image {image} has {} captions to measure, not one",
                captions.len()
            ));
        };
        if let Some(references) = references.get(image) {
            let references = references.iter().map(|reference| words(reference)).collect();
            set.push(Captioned { candidate: words(caption), references });
        }
    }
    if set.is_empty() {
        return Err("no image is in both files".to_owned());
    }
    let apart = references.len() + candidates.len() - 2 * set.len();
    Ok((set, apart))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_shapes_are_read_and_others_named() {
        let coco =
            captions(r#"{"images":[],"annotations":[{"id":9,"image_id":1,"caption":"a cat"}]}"#);
        let genome = captions(r#"[{"id":1,"regions":[{"region_id":4,"phrase":"a cat"}]}]"#);
        let earth = captions(r#"[{"image":"1","caption":"a cat"}]"#);
        assert_eq!(coco, genome);
        assert_eq!(coco, earth);
        assert_eq!(coco.unwrap()["1"], ["a cat"]);
        assert!(captions(r#"{"a":1}"#).unwrap_err().contains("COCO"));
        assert!(captions("[]").unwrap_err().contains("no caption"));
        assert!(captions("3").is_err());
    }

    #[test]
    fn images_are_paired_by_name_and_the_rest_is_counted() {
        let references = captions(r#"[{"image_id":1,"caption":"a"},{"image_id":2,"caption":"b"}]"#);
        let hypotheses = captions(r#"[{"image_id":1,"caption":"a"},{"image_id":3,"caption":"c"}]"#);
        let (set, apart) = pair(&references.unwrap(), &hypotheses.unwrap()).unwrap();
        assert_eq!((set.len(), apart), (1, 2));
        let twice =
            captions(r#"[{"image_id":1,"caption":"a"},{"image_id":1,"caption":"b"}]"#).unwrap();
        assert!(pair(&twice, &twice).unwrap_err().contains("2 captions"));
    }
}
