/** How old a token may be: an older place may have lost deletions to compaction. */
const ageMaxMs = 10 * 60 * 1000

/** Where a follower goes on when it comes back, to this instance or another: the time and an offset per partition. */
export function followToken(offsets: ReadonlyMap<number, number>): string {
  return `${Date.now()}~${[...offsets].map(([partition, offset]) => `${partition}:${offset}`).join(',')}`
}

/** undefined for what is no token or too old: the follower begins anew. */
export function parseFollowToken(token: string): ReadonlyMap<number, number> | undefined {
  const match = /^(\d{1,15})~(\d+:\d+(?:,\d+:\d+)*)$/.exec(token)
  if (!match || Math.abs(Date.now() - Number(match[1])) > ageMaxMs) return undefined
  return new Map(match[2]!.split(',').map((part) => part.split(':').map(Number) as [number, number]))
}
