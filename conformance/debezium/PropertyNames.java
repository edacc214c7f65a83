import java.util.TreeSet;
import org.apache.kafka.connect.connector.Connector;

/** Prints the names that a connector's own definition has, one a line. */
public final class PropertyNames {
  public static void main(String[] classNames) throws Exception {
    var connector = (Connector) Class.forName(classNames[0]).getDeclaredConstructor().newInstance();
    new TreeSet<>(connector.config().names()).forEach(System.out::println);
  }
}
