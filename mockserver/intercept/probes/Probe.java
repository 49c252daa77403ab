import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Both of Java's clients: the old one and, since Java 11, the new one. */
class Probe {
    public static void main(String[] addresses) throws Exception {
        for (String address : addresses) {
            try (var answer = new URL(address).openStream()) {
                System.out.println(new String(answer.readAllBytes()));
            }
            var request = HttpRequest.newBuilder(URI.create(address)).build();
            var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            if (answer.statusCode() != 200) throw new IllegalStateException(address + ": " + answer);
        }
    }
}
