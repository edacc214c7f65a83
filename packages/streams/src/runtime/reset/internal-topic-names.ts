/** How the names of topics end that Kafka Streams makes for itself, as its reset tool knows them. */
const internalEndings = [
  /-changelog$/,
  /-repartition$/,
  /-subscription-registration-topic$/,
  /-subscription-response-topic$/,
  /-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-\d+-topic$/,
  /-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-\d+-topic$/,
]

/** Whether the topic is one that the application made for itself, as far as its name says. */
export function isInternalTopic(topic: string, applicationId: string): boolean {
  return topic.startsWith(`${applicationId}-`) && internalEndings.some((ending) => ending.test(topic))
}

/**
 * The application's own topics. The id of one application may begin like that of another (`spend`, `spend-eu`): a topic is that of
 * the longest id of a group that fits.
 */
export function internalTopicsOf(
  applicationId: string,
  topics: readonly string[],
  groupIds: readonly string[],
): string[] {
  const longer = groupIds.filter((group) => group.startsWith(`${applicationId}-`))
  return topics
    .filter((topic) => isInternalTopic(topic, applicationId))
    .filter((topic) => !longer.some((group) => isInternalTopic(topic, group)))
    .sort()
}
