//! The members and headers that every problem document has.

use phoneproof_tests::Answer;

pub(crate) fn assert_problem(answer: &Answer, status: u16, problem: &str, code: Option<i32>) {
    assert_eq!(
        (answer.status, answer.problem()),
        (status, problem),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["status"], status);
    assert_eq!(
        answer.json["code"].as_i64(),
        code.map(i64::from),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let request_id = answer.json["requestId"].as_str().expect("a request id");
    assert_eq!(answer.header("x-request-id"), Some(request_id));
}
