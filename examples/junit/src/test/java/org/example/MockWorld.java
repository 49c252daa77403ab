package org.example;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A world of the mock server for each test, in which nothing else happens: the test takes it as a parameter. */
public final class MockWorld implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace HERE = ExtensionContext.Namespace.create(MockWorld.class);

    /** One world, through the control API. */
    public static final class World {
        private static final String SERVER =
                System.getenv().getOrDefault("MOCKSERVER_URL", "http://127.0.0.1:7670");
        private static final HttpClient CLIENT = HttpClient.newHttpClient();

        private final String id = "junit-" + UUID.randomUUID();

        /** The address that stands for the providers in this world. */
        public String baseUrl() {
            return SERVER + "/_w/" + id;
        }

        public void advance(int seconds) throws Exception {
            ask("POST", "/" + id + "/clock/advance", "{\"seconds\": " + seconds + "}");
        }

        /** Say whether the provider was asked so: "count" exchanges like those in "exchanges". */
        public boolean verify(String wanted) throws Exception {
            return ask("POST", "/" + id + "/verify", wanted).contains("\"holds\":true");
        }

        private static String ask(String method, String path, String body) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(SERVER + "/_mock/worlds" + path))
                    .header("Content-Type", "application/json")
                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                    .build();
            HttpResponse<String> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 400) {
                throw new IOException(answer.body());
            }
            return answer.body();
        }
    }

    @Override
    public void beforeEach(ExtensionContext test) throws Exception {
        World world = new World();
        World.ask("POST", "",
                "{\"id\": \"" + world.id + "\", \"fixture\": \"small\", \"freeze\": \"2026-06-01T12:00:00Z\"}");
        test.getStore(HERE).put(World.class, world);
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
        String id = test.getStore(HERE).get(World.class, World.class).id;
        if (test.getExecutionException().isPresent()) {
            System.err.println(World.ask("GET", "/" + id + "/report", ""));
        }
        World.ask("DELETE", "/" + id, "");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == World.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return test.getStore(HERE).get(World.class);
    }
}
