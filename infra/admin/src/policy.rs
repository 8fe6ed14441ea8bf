//! `policy check`: shows the faults of a policy, or the size and cost of its texts.

use std::collections::BTreeMap;
use std::path::Path;

use phoneproof_domain::catalog::{Catalog, TemplateReport};
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::{Fault, Policy, PolicyFaults};
use serde_json::{Value, json};

use crate::output::{CommandError, Exit, Reply, format_table, make_row};

pub(crate) fn check(file: &Path) -> Result<Reply, CommandError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::usage(format!("{}: {error}", file.display())))?;
    let checked = phoneproof_config::policy::from_toml(&text)
        .and_then(|policy| Ok((Catalog::new(&policy)?, policy)));
    match checked {
        Ok((catalog, policy)) => Ok(report_texts(&catalog, &policy)),
        Err(PolicyFaults(faults)) => Ok(report_faults(&faults)),
    }
}

fn report_faults(faults: &[Fault]) -> Reply {
    let describe = |fault: &Fault| json!({ "path": fault.path, "reason": fault.reason });
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Reply {
        exit: Exit::Failed,
        json: json!({ "faults": faults.iter().map(describe).collect::<Value>() }),
        text: lines.join("\n"),
    }
}

fn report_texts(catalog: &Catalog, policy: &Policy) -> Reply {
    let mut rows = vec![make_row([
        "business",
        "locale",
        "encoding",
        "units",
        "segments",
        "dollars per text",
    ])];
    let mut templates = Vec::new();
    for report in catalog.report() {
        let cost = estimate_costs(report, policy);
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
    let left_out = list_left_out(policy);
    let json = json!({ "faults": [], "templates": templates, "leftOut": left_out });
    let notes = left_out.iter().map(|(country, territories)| {
        let territories = territories.join(", ");
        format!("\n{country} does not cover {territories}: list in numbers.countries those that you serve")
    });
    let notes: Vec<String> = notes.collect();
    let notes = notes.concat();
    Reply::done(json, format!("no faults\n\n{}{notes}", format_table(&rows)))
}

/// Lists the territories of the policy's countries that have codes of their own and are not in the policy.
fn list_left_out(policy: &Policy) -> BTreeMap<String, Vec<String>> {
    let countries = &policy.numbers.countries;
    let left_out = countries.iter().map(|country| {
        let territories = country.territories().filter(|t| !countries.contains(t));
        let codes: Vec<String> = territories.map(|t| t.to_string()).collect();
        (country.to_string(), codes)
    });
    left_out.filter(|(_, codes)| !codes.is_empty()).collect()
}

/// Estimates the least and the most that a text costs over the countries of the policy; `None` without a price.
fn estimate_costs(report: &TemplateReport, policy: &Policy) -> Option<(MicroUsd, MicroUsd)> {
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
