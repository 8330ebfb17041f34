//! Reads what criterion leaves on disk: for each bench its name, and the time of one call.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// One bench: a subject under a workload.
#[derive(Debug)]
pub(crate) struct Estimate {
    pub(crate) workload: String,
    pub(crate) subject: String,
    pub(crate) ns_per_call: f64,
}

/// The estimates of all benches whose results are under `folder`.
pub(crate) fn estimates(folder: &Path) -> Result<Vec<Estimate>, String> {
    let mut found = Vec::new();
    for results in results_under(folder)? {
        found.push(estimate(&results)?);
    }
    Ok(found)
}

/// Criterion keeps each bench's last run in a folder `new`.
fn results_under(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let reading = |why| format!("reading {}: {why}", folder.display());
    let mut found = Vec::new();
    for file in fs::read_dir(folder).map_err(reading)? {
        let path = file.map_err(reading)?.path();
        if path.file_name().is_some_and(|name| name == "new") {
            found.push(path);
        } else if path.is_dir() {
            found.append(&mut results_under(&path)?);
        }
    }
    Ok(found)
}

fn estimate(results: &Path) -> Result<Estimate, String> {
    let bench = json(&results.join("benchmark.json"))?;
    let estimates = json(&results.join("estimates.json"))?;
    let lacks = |what| format!("criterion's results in {} lack {what}", results.display());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let calls = bench["throughput"]["Elements"].as_f64().ok_or_else(|| lacks("the calls in a round"))?;
    // The median, since what disturbs a run only ever slows it down.
    let ns_per_round = estimates["median"]["point_estimate"].as_f64().ok_or_else(|| lacks("the median"))?;
    Ok(Estimate {
        workload: text(&bench["group_id"]).ok_or_else(|| lacks("the workload"))?,
        subject: text(&bench["function_id"]).ok_or_else(|| lacks("the subject"))?,
        ns_per_call: ns_per_round / calls,
    })
}

fn json(path: &Path) -> Result<Value, String> {
    let reading = |why: &dyn std::fmt::Display| format!("reading {}: {why}", path.display());
    let text = fs::read_to_string(path).map_err(|why| reading(&why))?;
    serde_json::from_str(&text).map_err(|why| reading(&why))
}
