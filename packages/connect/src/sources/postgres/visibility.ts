const xidCount = 1n << 32n

/**
 * Tells which transactions a snapshot saw, given `pg_current_snapshot()` as text: `xmin:xmax:xip,xip…`.
 *
 * The replication stream carries 32-bit transaction ids, the snapshot 64-bit ones; an id of the stream is taken as the
 * one nearest to the snapshot, which holds as long as fewer than two thousand million transactions lie between the two.
 */
export function snapshotVisibility(snapshot: string): (xid: number) => boolean {
  const [xminText, xmaxText, running = ''] = snapshot.split(':')
  if (xminText === undefined || xmaxText === undefined) throw new RangeError(`"${snapshot}" is not a snapshot`)
  const xmin = BigInt(xminText)
  const xmax = BigInt(xmaxText)
  const inProgress = new Set(running === '' ? [] : running.split(',').map(BigInt))
  return (xid) => {
    const full = nearest(BigInt(xid), xmax)
    if (full < xmin) return true
    return full < xmax && !inProgress.has(full)
  }
}

function nearest(xid: bigint, reference: bigint): bigint {
  const candidate = (reference & ~(xidCount - 1n)) | xid
  if (candidate - reference > xidCount / 2n) return candidate - xidCount
  if (reference - candidate > xidCount / 2n) return candidate + xidCount
  return candidate
}
