import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own clients: a line of JSON in is an operation, a line out its answer. See programs/operations.ts. */
public final class Client {
    static final ObjectMapper JSON = new ObjectMapper();

    private final String bootstrap;
    private final Properties security;
    private final Administration administration;
    private final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
    private final Map<String, Member> members = new HashMap<>();

    private Client(String bootstrap, JsonNode settings) {
        this.bootstrap = bootstrap;
        this.security = securityOf(settings);
        this.administration = new Administration(properties());
    }

    public static void main(String[] args) throws Exception {
        Client client = new Client(args[0], JSON.readTree(args[1]));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode request = JSON.readTree(line);
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("id", request.get("id").asInt());
            try {
                if (request.get("op").asText().equals("login")) {
                    client.administration.admin.close(Duration.ZERO);
                    client = new Client(request.get("args").get("bootstrap").asText(), request.get("args").get("settings"));
                    answer.put("result", Map.of());
                } else answer.put("result", client.run(request.get("op").asText(), request.get("args")));
            } catch (Throwable error) {
                Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
                answer.put("error", cause.getClass().getSimpleName());
                answer.put("message", String.valueOf(cause.getMessage()));
            }
            System.out.println(JSON.writeValueAsString(answer));
        }
        System.exit(0);
    }

    private Object run(String op, JsonNode args) throws Exception {
        switch (op) {
            case "produce":
                return produce(args);
            case "openProducer":
                return openProducer(args);
            case "begin":
                producer(args).beginTransaction();
                return Map.of();
            case "send":
                first(sendAll(producer(args), args.get("topic").asText(), args.get("records")));
                return Map.of();
            case "sendOffsets":
                ConsumerGroupMetadata group = new ConsumerGroupMetadata(args.get("group").asText());
                producer(args).sendOffsetsToTransaction(Administration.offsets(args.get("offsets")), group);
                return Map.of();
            case "commit":
                producer(args).commitTransaction();
                return Map.of();
            case "abort":
                producer(args).abortTransaction();
                return Map.of();
            case "closeProducer":
                producers.remove(args.get("handle").asText()).close(Duration.ofSeconds(5));
                return Map.of();
            case "read":
                return read(args);
            case "join":
                members.put(args.get("handle").asText(), new Member(memberProperties(args), args));
                return Map.of();
            case "member":
                return members.get(args.get("handle").asText()).state();
            case "leave":
                members.remove(args.get("handle").asText()).leave();
                return Map.of();
            default:
                return administration.run(op, args);
        }
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.putAll(security);
        properties.put("bootstrap.servers", bootstrap);
        properties.put("request.timeout.ms", "5000");
        return properties;
    }

    private static Properties securityOf(JsonNode settings) {
        Properties properties = new Properties();
        properties.put("client.id", settings.get("clientId").asText());
        properties.put("security.protocol", settings.get("protocol").asText());
        if (settings.has("tokenFile")) {
            String url = Path.of(settings.get("tokenFile").asText()).toUri().toString();
            String oauth = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLogin";
            System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
            properties.put("sasl.mechanism", "OAUTHBEARER");
            properties.put("sasl.jaas.config", oauth + "Module required;");
            properties.put("sasl.login.callback.handler.class", oauth + "CallbackHandler");
            properties.put("sasl.oauthbearer.token.endpoint.url", url);
        } else if (settings.has("mechanism")) {
            String mechanism = settings.get("mechanism").asText();
            String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
            properties.put("sasl.mechanism", mechanism);
            properties.put("sasl.jaas.config", String.format(
                "org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";",
                module, settings.get("username").asText(), settings.get("password").asText()));
        }
        if (settings.has("caFile")) {
            properties.put("ssl.truststore.type", "PEM");
            properties.put("ssl.truststore.location", settings.get("caFile").asText());
        }
        if (settings.has("keyFile")) {
            // One PEM file with the key and the certificate chain.
            properties.put("ssl.keystore.type", "PEM");
            properties.put("ssl.keystore.location", settings.get("keyFile").asText());
        }
        return properties;
    }

    private KafkaProducer<String, String> newProducer(Properties properties) {
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private Producer<String, String> producer(JsonNode args) {
        return producers.get(args.get("handle").asText());
    }

    private Object produce(JsonNode args) throws Exception {
        Properties properties = properties();
        properties.put("compression.type", text(args, "codec", "none"));
        properties.put("acks", text(args, "acks", "-1"));
        properties.put("enable.idempotence", text(args, "idempotent", "false"));
        properties.put("linger.ms", "20");
        properties.put("delivery.timeout.ms", "15000");
        properties.put("max.block.ms", "5000");
        if (args.has("maxRequestBytes")) {
            properties.put("max.request.size", args.get("maxRequestBytes").asText());
            properties.put("batch.size", "16384");
        }
        try (KafkaProducer<String, String> producer = newProducer(properties)) {
            long first = first(sendAll(producer, args.get("topic").asText(), args.get("records")));
            Map<String, Object> result = new HashMap<>();
            result.put("first", first < 0 ? null : first);
            return result;
        }
    }

    private Object openProducer(JsonNode args) {
        Properties properties = properties();
        properties.put("transactional.id", args.get("transactionalId").asText());
        properties.put("transaction.timeout.ms", text(args, "timeoutMs", "60000"));
        KafkaProducer<String, String> producer = newProducer(properties);
        producer.initTransactions();
        producers.put(args.get("handle").asText(), producer);
        return Map.of();
    }

    private static List<Future<RecordMetadata>> sendAll(Producer<String, String> producer, String topic, JsonNode records) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode record : records) {
            List<Header> headers = new ArrayList<>();
            for (JsonNode header : record.path("headers")) {
                byte[] value = header.get(1).isNull() ? null : header.get(1).asText().getBytes(StandardCharsets.UTF_8);
                headers.add(new RecordHeader(header.get(0).asText(), value));
            }
            Integer partition = record.has("partition") ? record.get("partition").asInt() : null;
            Long timestamp = record.has("timestamp") ? record.get("timestamp").asLong() : null;
            sent.add(producer.send(new ProducerRecord<>(
                topic, partition, timestamp, nullable(record, "key"), nullable(record, "value"), headers)));
        }
        producer.flush();
        return sent;
    }

    private static long first(List<Future<RecordMetadata>> sent) throws Exception {
        long first = Long.MAX_VALUE;
        for (Future<RecordMetadata> one : sent) first = Math.min(first, one.get().offset());
        return first;
    }

    private Object read(JsonNode args) {
        TopicPartition partition = new TopicPartition(args.get("topic").asText(), args.path("partition").asInt(0));
        Properties properties = properties();
        properties.put("auto.offset.reset", text(args, "reset", "earliest"));
        properties.put("isolation.level", text(args, "isolation", "read_committed"));
        properties.put("enable.auto.commit", "false");
        properties.put("fetch.max.wait.ms", "100");
        int count = args.path("count").asInt(Integer.MAX_VALUE);
        long deadline = System.currentTimeMillis() + args.path("timeoutMs").asLong(30_000);
        List<Object> records = new ArrayList<>();
        try (Consumer<String, String> consumer =
                new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(partition));
            JsonNode from = args.path("from");
            if (from.isNumber()) consumer.seek(partition, from.asLong());
            else if (from.asText("beginning").equals("end")) consumer.seekToEnd(List.of(partition));
            else consumer.seekToBeginning(List.of(partition));
            boolean done = false;
            while (!done && System.currentTimeMillis() < deadline) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    if (records.size() < count) records.add(recordOf(record));
                    done |= args.has("until") && args.get("until").asText().equals(record.value());
                }
                done |= records.size() >= count;
            }
        }
        return Map.of("records", records);
    }

    private static Map<String, Object> recordOf(ConsumerRecord<String, String> record) {
        List<Object> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            List<Object> pair = new ArrayList<>();
            pair.add(header.key());
            pair.add(header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8));
            headers.add(pair);
        }
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("offset", record.offset());
        seen.put("key", record.key());
        seen.put("value", record.value());
        seen.put("headers", headers);
        seen.put("timestamp", record.timestamp());
        return seen;
    }

    private Properties memberProperties(JsonNode args) {
        Properties properties = properties();
        properties.put("group.id", args.get("group").asText());
        properties.put("auto.offset.reset", text(args, "reset", "earliest"));
        properties.put("enable.auto.commit", "false");
        properties.put("fetch.max.wait.ms", "100");
        if (args.has("instanceId")) properties.put("group.instance.id", args.get("instanceId").asText());
        if (text(args, "protocol", "classic").equals("consumer")) {
            properties.put("group.protocol", "consumer");
            if (args.has("assignor")) properties.put("group.remote.assignor", args.get("assignor").asText());
            return properties;
        }
        properties.put("group.protocol", "classic");
        properties.put("session.timeout.ms", text(args, "sessionTimeoutMs", "10000"));
        properties.put("heartbeat.interval.ms", "300");
        String assignor = Map.of(
            "range", "RangeAssignor", "roundrobin", "RoundRobinAssignor",
            "sticky", "StickyAssignor", "cooperative-sticky", "CooperativeStickyAssignor")
            .get(text(args, "assignor", "range"));
        properties.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
        return properties;
    }

    static String text(JsonNode args, String name, String fallback) {
        return args.hasNonNull(name) ? args.get(name).asText() : fallback;
    }

    static String nullable(JsonNode args, String name) {
        return args.hasNonNull(name) ? args.get(name).asText() : null;
    }
}
