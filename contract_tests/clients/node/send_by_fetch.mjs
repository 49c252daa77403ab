// Sends an SMS: send_by_fetch.mjs TO MESSAGE.

const [to, message] = process.argv.slice(2);
const call = { action: "sms.send_message", access_key: "foo", secret_access_key: "bar", from: "5554332111", to, message };
try {
  const answer = await fetch("https://secure.dialogtech.com/ibp_api.php", { method: "POST", body: new URLSearchParams(call) });
  console.log(await answer.text());
} catch (error) {
  console.error(`${error.name}: ${error.message} (${error.cause.code}: ${error.cause.message})`);
  process.exitCode = 1;
}
