package org.example;

import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;

/** Reminders of appointments by SMS, sent through DialogTech. */
public final class Reminders {
    /** DialogTech rejected a message; the text is its description. */
    public static final class NotSent extends Exception {
        NotSent(String description) {
            super(description);
        }
    }

    public static final String DIALOGTECH = "https://secure.dialogtech.com";

    private final HttpClient client = HttpClient.newHttpClient();
    private final String baseUrl;
    private final Map<String, String> account;

    public Reminders(String baseUrl, String accessKey, String secretAccessKey, String sender) {
        this.baseUrl = baseUrl;
        this.account = Map.of("access_key", accessKey, "secret_access_key", secretAccessKey, "from", sender);
    }

    public void send(String number, String text) throws Exception {
        String call = Map.of("action", "sms.send_message", "to", number, "message", text).entrySet().stream()
                .map(Reminders::encode).collect(Collectors.joining("&"));
        String form = account.entrySet().stream().map(Reminders::encode).collect(Collectors.joining("&", "", "&")) + call;
        HttpRequest request = HttpRequest.newBuilder(URI.create(baseUrl + "/ibp_api.php"))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        Document document = read(client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body());
        // DialogTech says no with status 200: only the document tells.
        if (!text(document, "result").equals("success")) {
            throw new NotSent(text(document, "result_description"));
        }
    }

    private static Document read(InputStream answer) throws Exception {
        try (answer) {
            return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(answer);
        }
    }

    private static String text(Document document, String name) {
        return document.getElementsByTagName(name).item(0).getTextContent();
    }

    private static String encode(Map.Entry<String, String> pair) {
        return pair.getKey() + "=" + URLEncoder.encode(pair.getValue(), StandardCharsets.UTF_8);
    }
}
