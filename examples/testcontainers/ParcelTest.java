import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

@Testcontainers
class ParcelTest {
    static final String TOKEN = "the-token-of-these-tests";

    @Container
    static final GenericContainer<?> MOCK = new GenericContainer<>("sms-mockserver")
            .withExposedPorts(7670)
            .withEnv("MOCKSERVER_TOKEN", TOKEN)
            .waitingFor(Wait.forHttp("/_mock/health").forPort(7670));

    private final HttpClient client = HttpClient.newHttpClient();

    private String ask(HttpRequest.Builder request, String path) throws Exception {
        var uri = URI.create("http://" + MOCK.getHost() + ":" + MOCK.getMappedPort(7670) + path);
        return client.send(request.uri(uri).build(), BodyHandlers.ofString()).body();
    }

    @Test
    void aParcelIsAnnounced() throws Exception {
        // A world of the test's own, so that tests may run at the same time.
        ask(HttpRequest.newBuilder().header("Authorization", "Bearer " + TOKEN).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"id\": \"parcel\"}")), "/_mock/worlds");

        // What the application does, told by its settings that the provider is at .../_w/parcel.
        ask(HttpRequest.newBuilder().header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("username=demo&password=demo&phone=500600700&text=Your+parcel+is+here.")),
                "/_w/parcel/messages/send_sms.json");

        var journal = ask(HttpRequest.newBuilder().header("Authorization", "Bearer " + TOKEN).GET(),
                "/_mock/worlds/parcel/exchanges");
        assertTrue(journal.contains("\"operation\":\"messages.send_sms\""), journal);
    }
}
