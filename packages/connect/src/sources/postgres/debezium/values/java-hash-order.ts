/** The order in which a Java `HashMap` lists its entries, which is the order in which Debezium writes some of its maps. */
export function inHashOrder<T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  let buckets = 16
  while (entries.length > buckets * 0.75) buckets *= 2
  const bucketOf = (key: string): number => {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return [...entries].sort(([a], [b]) => bucketOf(a) - bucketOf(b))
}
