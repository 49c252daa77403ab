import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/** Sends an SMS: SendByHttpClient TO MESSAGE. */
class SendByHttpClient {
    public static void main(String[] arguments) throws InterruptedException {
        var form = "action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&to=" + arguments[0]
                + "&message=" + URLEncoder.encode(arguments[1], StandardCharsets.UTF_8);
        var request = HttpRequest.newBuilder(URI.create("https://secure.dialogtech.com/ibp_api.php"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form))
                .build();
        try {
            System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
        } catch (IOException error) {
            System.err.println(error);
            System.exit(1);
        }
    }
}
