// Prints messages that came in, and marks them as read, with npm's serwersms.pl: read_by_serwersms.cjs MODULES TYPE.

const [modules, type] = process.argv.slice(2);
const api = require(`${modules}/serwersms.pl`).serwerSMS("Login", "Haslo");

api.oMessages.recived({ type, read: true }, (answer) => console.log(answer));
