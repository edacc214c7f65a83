/**
 * What a request names again is answered once, as in Kafka wherever its answer is a map: a short request must not make an endless
 * answer. Of repetitions the last counts, at the place of the first.
 *
 * @example
 * onlyOnce(request.groups, (groupId) => groupId)
 */
export function onlyOnce<Item>(items: readonly Item[], keyOf: (item: Item) => string | number): readonly Item[] {
  if (items.length < 2) return items
  const once = new Map<string | number, Item>()
  for (const item of items) once.set(keyOf(item), item)
  return once.size === items.length ? items : [...once.values()]
}

/** Topics, each once, with all the partitions that are listed at any of its places. */
export function topicsOnce<Field extends string, Topic extends { readonly [F in Field]: readonly unknown[] }>(
  topics: readonly Topic[],
  keyOf: (topic: Topic) => string,
  field: Field,
): readonly Topic[] {
  if (topics.length < 2) return topics
  const byKey = Map.groupBy(topics, keyOf)
  if (byKey.size === topics.length) return topics
  return Array.from(byKey.values(), (same) =>
    same.length === 1 ? same[0]! : { ...same[0]!, [field]: same.flatMap((topic) => topic[field]) },
  )
}

/** The keys that come more than once. */
export function repeated<Key>(keys: readonly Key[]): ReadonlySet<Key> {
  const seen = new Set<Key>()
  const again = new Set<Key>()
  for (const key of keys) (seen.has(key) ? again : seen).add(key)
  return again
}
