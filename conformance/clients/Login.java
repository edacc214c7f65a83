import java.io.FileReader;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;

/**
 * Logs in with Kafka's own client. Arguments: files of client settings; prints for each a line with the outcome: OK, or the
 * class of the error. A file with `login.timeout.ms` waits so long for an answer, one with `login.tries` logs in until it works, as
 * often as that. One with `login.repeat.ms` asks again and again for as long on the same client. One with `login.alter.user`
 * gives that user a SCRAM password first, and prints who is known then.
 */
public final class Login {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Properties properties = new Properties();
            try (FileReader reader = new FileReader(file)) {
                properties.load(reader);
            }
            System.out.println(patiently(properties));
        }
        System.exit(0);
    }

    private static String patiently(Properties properties) throws Exception {
        int tries = Integer.parseInt(properties.getProperty("login.tries", "1"));
        for (int made = 1; ; made++) {
            String outcome = outcome(properties);
            if (outcome.equals("OK") || made >= tries) return outcome;
            Thread.sleep(200);
        }
    }

    private static String outcome(Properties properties) throws Exception {
        String timeout = properties.getProperty("login.timeout.ms", "30000");
        properties.put("default.api.timeout.ms", timeout);
        properties.put("request.timeout.ms", timeout);
        try (Admin admin = Admin.create(properties)) {
            long end = System.currentTimeMillis() + Long.parseLong(properties.getProperty("login.repeat.ms", "0"));
            String user = properties.getProperty("login.alter.user");
            if (user != null) return alter(admin, user);
            do {
                admin.describeCluster().nodes().get(60, TimeUnit.SECONDS);
                if (System.currentTimeMillis() < end) Thread.sleep(100);
            } while (System.currentTimeMillis() < end);
            return "OK";
        } catch (ExecutionException error) {
            return error.getCause().getClass().getSimpleName();
        } catch (Exception error) {
            return error.getClass().getSimpleName();
        }
    }

    private static String alter(Admin admin, String user) throws Exception {
        ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192);
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(user, info, user + "-secret"))).all().get();
        StringBuilder known = new StringBuilder();
        for (var one : new TreeMap<>(admin.describeUserScramCredentials().all().get()).values()) {
            known.append(one.name());
            // Kafka gives them in the order of a hash table, another one at every start.
            one.credentialInfos().stream()
                .sorted(Comparator.comparing(ScramCredentialInfo::mechanism))
                .forEach(each -> known.append(' ').append(each.mechanism()).append(' ').append(each.iterations()));
            known.append(';');
        }
        try {
            admin.describeUserScramCredentials(List.of("nobody")).description("nobody").get();
        } catch (ExecutionException error) {
            known.append(error.getCause().getClass().getSimpleName());
        }
        return known.toString();
    }
}
