//! The region that texts are sent from.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::policy::country::INDIA;

use super::Facts;
use super::finding::Finding;

/// The regions in which SNS texts (Amazon SNS developer guide, "Supported countries and regions", November 2026).
const WITH_SMS: &str = "us-east-1 us-east-2 us-west-1 us-west-2 af-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 \
    ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ca-central-1 ca-west-1 eu-central-1 \
    eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 \
    sa-east-1 us-gov-east-1 us-gov-west-1";

/// The regions that have local routes to India (AWS End User Messaging SMS user guide, "India sender ID registration
/// process").
const LOCAL_TO_INDIA: [&str; 2] = ["ap-south-1", "ap-south-2"];

/// Checks that SNS texts from this region.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if !facts.taken.is_by_aws() {
        return vec![Finding::ok("no text is sent with AWS")];
    }
    let region = facts.sns_region();
    let mut found = Vec::new();
    if WITH_SMS.split_whitespace().any(|known| known == region) {
        found.push(Finding::ok(format!("texts are sent from {region}")));
    } else {
        found.push(Finding::warn(
            format!("texts are sent from {region}, which this build does not know as a region with SMS"),
            "see the regions in the Amazon SNS developer guide; the parameter SnsRegion chooses one",
        ));
    }
    if region != facts.stack_region() && facts.taken.has_own_words() {
        found.push(Finding::of_unchecked(
            "the stack has no alarm on the month's spending, because SNS texts from another region",
            "set an alarm on AWS/SNS SMSMonthToDateSpentUSD in that region by hand",
        ));
    }
    // Notify and the operator's own provider have routes of their own.
    let texts_india = facts.policy.as_ref().is_some_and(|policy| {
        let mut served = policy.numbers.countries.iter();
        let india = served.find(|country| country.as_str() == INDIA).copied();
        india.is_some_and(|india| {
            let mut route = policy.sms.route(Some(india)).into_iter();
            route.any(Channel::has_own_words)
        })
    });
    if texts_india && !LOCAL_TO_INDIA.contains(&region) {
        found.push(Finding::warn(
            "India has local routes from ap-south-1 and ap-south-2 only; from here its texts take the dear international route",
            "a stack of its own in ap-south-1, or SnsRegion, once a sender id is registered there: infra/FIRST-ACCOUNT.md, \"India\"",
        ));
    }
    found
}
