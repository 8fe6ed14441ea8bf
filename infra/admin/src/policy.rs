//! `policy check`.

use std::path::Path;

use phoneproof_domain::catalog::{Catalog, TemplateReport};
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::{Fault, Policy, PolicyFaults};
use serde_json::{Value, json};

use crate::output::{Exit, Failure, Outcome, row, table};

pub(crate) fn check(file: &Path) -> Result<Outcome, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let checked = phoneproof_config::policy::from_toml(&text)
        .and_then(|policy| Ok((Catalog::new(&policy)?, policy)));
    match checked {
        Ok((catalog, policy)) => Ok(sound(&catalog, &policy)),
        Err(PolicyFaults(faults)) => Ok(faulty(&faults)),
    }
}

fn faulty(faults: &[Fault]) -> Outcome {
    let shown = |fault: &Fault| json!({ "path": fault.path, "reason": fault.reason });
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Outcome {
        exit: Exit::Failed,
        json: json!({ "faults": faults.iter().map(shown).collect::<Value>() }),
        text: lines.join("\n"),
    }
}

fn sound(catalog: &Catalog, policy: &Policy) -> Outcome {
    let mut rows = vec![row([
        "business",
        "locale",
        "encoding",
        "units",
        "segments",
        "dollars per text",
    ])];
    let mut templates = Vec::new();
    for report in catalog.report() {
        let cost = costs(report, policy);
        rows.push(vec![
            report.business.as_str().to_owned(),
            report.locale.to_string(),
            format!("{:?}", report.segments.encoding),
            report.segments.units.to_string(),
            report.segments.count.to_string(),
            match cost {
                Some((least, most)) if least == most => format!("{:.4}", most.dollars()),
                Some((least, most)) => format!("{:.4} to {:.4}", least.dollars(), most.dollars()),
                None => "no price known".to_owned(),
            },
        ]);
        templates.push(json!({
            "business": report.business.as_str(),
            "locale": report.locale.to_string(),
            "encoding": format!("{:?}", report.segments.encoding),
            "units": report.segments.units,
            "segments": report.segments.count,
            "leastCostUsd": cost.map(|(least, _)| least.dollars()),
            "mostCostUsd": cost.map(|(_, most)| most.dollars()),
        }));
    }
    let json = json!({ "faults": [], "templates": templates });
    Outcome::done(json, format!("no faults\n\n{}", table(&rows)))
}

/// The least and the most that a text costs over the countries of the policy.
fn costs(report: &TemplateReport, policy: &Policy) -> Option<(MicroUsd, MicroUsd)> {
    let cost = |country| {
        policy
            .sms
            .estimated_cost(Some(country), report.segments.count)
    };
    let costs = policy
        .numbers
        .countries
        .iter()
        .filter_map(|country| cost(*country));
    let (least, most) = (costs.clone().min()?, costs.max()?);
    Some((least, most))
}
