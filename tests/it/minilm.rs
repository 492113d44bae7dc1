//! The real sentence embedder, with the files that `make setup` fetches.

use std::fs;

use sereno::model::{
    ModelError, SentenceEmbedder,
    embed::{EmbedOptions, MiniLm},
};

use crate::engine::model_file;

fn embed_options() -> EmbedOptions {
    EmbedOptions {
        model_path: model_file("minilm/model.onnx"),
        tokenizer_path: model_file("minilm/tokenizer.json"),
        runtime_path: model_file("libonnxruntime.so"),
        expected_sha256: None,
        threads: 2,
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[tokio::test]
async fn vectors_are_those_of_the_published_model() {
    let embedder = MiniLm::load(&embed_options()).unwrap();
    let sentences =
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
            .map(str::to_owned);
    let vectors = embedder.embed(&sentences).await.unwrap();
    // As the quickstart on sbert.net prints them for all-MiniLM-L6-v2.
    for (first, second, published) in [(0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411)] {
        let found = cosine(&vectors[first], &vectors[second]);
        assert!((found - published).abs() < 1e-3, "{found} {published}");
    }
}

#[tokio::test]
async fn batches_long_sentences_and_empty_ones_are_embedded() {
    let embedder = MiniLm::load(&embed_options()).unwrap();
    let sentences: Vec<_> = (0..40).map(|index| "gate ".repeat(index * 10)).collect();
    let vectors = embedder.embed(&sentences).await.unwrap();
    assert_eq!(vectors.len(), sentences.len());
    for vector in &vectors {
        assert_eq!(vector.len(), 384);
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-4);
    }
    // The company that a sentence is embedded in makes no difference to speak of.
    let alone = embedder.embed(&sentences[5..6]).await.unwrap();
    assert!(cosine(&alone[0], &vectors[5]) > 0.9999);
    assert!(embedder.embed(&[]).await.unwrap().is_empty());
}

#[test]
fn bad_embedder_files_are_named_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "hello").unwrap();
    let none = folder.path().join("none");
    let good = embed_options;
    let bad = [
        EmbedOptions { model_path: none.clone(), ..good() },
        EmbedOptions { model_path: text.clone(), ..good() },
        EmbedOptions { tokenizer_path: none.clone(), ..good() },
        EmbedOptions { tokenizer_path: text.clone(), ..good() },
        EmbedOptions { runtime_path: none, ..good() },
        EmbedOptions { expected_sha256: Some("0".repeat(64)), ..good() },
    ];
    for options in bad {
        let refused = MiniLm::load(&options).err();
        assert!(matches!(refused, Some(ModelError::Load(_))), "{refused:?}");
    }
}
