// Calls recived() of the vendor's own client, which is in the folder named first, once for each set of parameters.

const [modules, url, username, password, calls] = process.argv.slice(2);
const api = require(`${modules}/serwersms.pl`).serwerSMS(username, password);
api.api_url = `${url}/`;

const call = (parameters) => new Promise((resolve) => api.oMessages.recived(parameters, resolve));
Promise.all(JSON.parse(calls).map(call)).then((answers) => console.log(JSON.stringify(answers)));
