/** The library: what stands on one's own videos can be changed there. */

import { saveVisibilities } from "../common/visibility.js";

saveVisibilities();
