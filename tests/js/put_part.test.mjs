import { after, before, test } from "node:test";

import { putPart } from "../../web/src/upload/sending/put_part.js";
import { FaultServer, answer, cut, silent } from "./fault_server.mjs";
import { NodeRequest } from "./node_request.mjs";
import { cases } from "./put_part_cases.mjs";

let server;
before(async () => {
  server = await new FaultServer().start();
});
after(() => server.stop());

const fault = (kind, options) => server.fault("PUT /case/", { cut, silent }[kind] ?? answer(Number(kind), options));

for (const [name, run] of Object.entries(cases)) {
  test(name, () => {
    server.clearFaults();
    return run({ putPart: (options) => putPart({ newRequest: () => new NodeRequest(), ...options }), origin: server.origin, fault });
  });
}
