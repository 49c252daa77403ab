// Sends an SMS with npm's axios: send_by_axios.cjs MODULES TO MESSAGE.

const [modules, to, message] = process.argv.slice(2);
const axios = require(`${modules}/axios`);
const call = { action: "sms.send_message", access_key: "foo", secret_access_key: "bar", from: "5554332111", to, message };

axios
  .post("https://secure.dialogtech.com/ibp_api.php", new URLSearchParams(call))
  .then((answer) => console.log(answer.data))
  .catch((error) => {
    console.error(`${error.name}: ${error.message} (${error.code})`);
    process.exitCode = 1;
  });
