import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Requests every URL with both of Java's HTTP clients: URL and, since Java 11, HttpClient. */
class Probe {
    public static void main(String[] addresses) throws Exception {
        for (String address : addresses) {
            try (var response = new URL(address).openStream()) {
                System.out.println(new String(response.readAllBytes()));
            }
            var request = HttpRequest.newBuilder(URI.create(address)).build();
            var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            if (response.statusCode() != 200) throw new IllegalStateException(address + ": " + response);
        }
    }
}
