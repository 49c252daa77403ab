// Calls methods of serwersms.pl one after the other: call_serwersms.cjs USERNAME PASSWORD CALLS, the calls as `vendor_methods` writes them.

const [username, password, calls] = process.argv.slice(2);
const api = require("serwersms.pl").serwerSMS(username, password);
const results = {};
let finish = null;

// What the client throws in an event of its own reaches nobody else.
process.on("uncaughtException", (error) => finish({ raised: error.code || error.name }));

// An argument, with what an earlier call returned in place of a reference to it; 1 where that call failed.
const resolved = (value) => {
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== "object") return value;
  if ("result_of" in value) {
    const found = results[value.result_of];
    return "error" in found || "raised" in found ? 1 : value.path.reduce((inner, step) => inner[step], found);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each)]));
};
const read = (body) => (body.startsWith("{") ? JSON.parse(body) : { file: body.slice(0, 8) });

(async () => {
  for (const [method, args] of JSON.parse(calls)) {
    const [part, name] = method.split(".");
    results[method] = await new Promise((resolve) => {
      finish = resolve;
      api[part][name](...resolved(args), (body) => resolve(read(body)));
    });
  }
  console.log(JSON.stringify(results));
})();
