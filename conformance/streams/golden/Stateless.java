/** The programs of packages/streams/test/golden/scenarios/stateless.ts. */
final class Stateless {
  static void register(Scenarios scenarios) {
    scenarios.add("filter", app ->
        app.stream("in", Form.TEXTS_IN).filter((key, word) -> word.length() > 2).to("out", Form.TEXTS_OUT));
  }
}
