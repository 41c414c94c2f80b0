//! Prepares the detectors of `rules/detect` for the binary: as JSON, which is read ten times as fast as TOML, with what is known of
//! each expression. The rules are compiled into the binary: a change in them is a change of the program.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value, json};

#[allow(
    dead_code,
    reason = "the parts of the program that tell the form of an expression; not all of each is needed here"
)]
#[path = "src/secrets/assignment.rs"]
mod assignment;
#[allow(dead_code, reason = "as above")]
#[path = "src/secrets/drawn.rs"]
mod drawn;
#[allow(dead_code, reason = "as above")]
#[path = "src/secrets/shape.rs"]
mod shape;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=rules");
    let mut paths = Vec::new();
    gather(Path::new("rules/detect"), &mut paths)?;
    paths.sort();
    let files = paths.iter().map(|path| prepared(path).map_err(|error| format!("{}: {error}", path.display()).into()));
    let files = files.collect::<Result<Vec<Value>, Box<dyn Error>>>()?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("detectors.json");
    Ok(fs::write(target, serde_json::to_vec(&files)?)?)
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// A file under the name that the program calls it by. What is wrong with what it says is told by the program.
fn prepared(path: &Path) -> Result<Value, Box<dyn Error>> {
    let name = path.strip_prefix("rules")?.to_string_lossy().replace('\\', "/");
    let mut file: Value = toml::from_str(&fs::read_to_string(path)?)?;
    let detectors = file.get_mut("detector").map(Value::take).unwrap_or_default();
    let shapes: Vec<_> = detectors.as_array().into_iter().flatten().map(shape_of).collect();
    Ok(json!({ "file": name, "detectors": detectors, "shapes": shapes }))
}

fn shape_of(detector: &Value) -> Option<shape::Shape> {
    let text = |key: &str| detector.get(key).and_then(Value::as_str);
    let texts = |key: &str| -> Vec<String> {
        let all = detector.get(key).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let pattern = text("pattern").unwrap_or_default();
    shape::Shape::of_detector(pattern, &texts("keywords"), &texts("assigned_to"), text("value"))
}
