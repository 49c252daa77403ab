import java.io.IOException;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.HttpsURLConnection;

/** Sends an SMS: SendByHttpsURLConnection TO MESSAGE. */
class SendByHttpsURLConnection {
    public static void main(String[] arguments) throws IOException {
        var form = "action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&to=" + arguments[0]
                + "&message=" + URLEncoder.encode(arguments[1], StandardCharsets.UTF_8);
        var connection = (HttpsURLConnection) new URL("https://secure.dialogtech.com/ibp_api.php").openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        try {
            connection.getOutputStream().write(form.getBytes(StandardCharsets.US_ASCII));
            System.out.println(new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException error) {
            System.err.println(error);
            System.exit(1);
        }
    }
}
