// All tests of <phone-proof> in one process, because a browser takes seconds to start.

import "./component.test.mjs";
import "./setup.test.mjs";
import "./focus.test.mjs";
import "./clicks.test.mjs";
import "./apps.test.mjs";
import "./states.test.mjs";
import "./attestation.test.mjs";
import "./element.test.mjs";
import "./recovery.test.mjs";
import "./interplay.test.mjs";
