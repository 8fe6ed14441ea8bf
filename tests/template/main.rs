//! What `template.yaml` promises, checked against the code and against the rules that `cfn-guard` would
//! check: encryption, logging, least privilege, no fixed names.

mod document;
mod policy;
mod roles;
