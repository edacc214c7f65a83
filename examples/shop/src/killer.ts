import type { ProcessTree } from 'millrace/supervise'

/**
 * Kills every Millrace process in turn with SIGKILL while orders come in, and waits for each to be back before the next.
 * `progress` says how much of the load is done, from 0 to 1; the kills are spread over the first nine tenths of it.
 */
export async function killInTurn(
  tree: ProcessTree,
  progress: () => number,
  onKill: (name: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const names = tree.names()
  for (const [index, name] of names.entries()) {
    const due = (0.9 * (index + 0.5)) / names.length
    while (progress() < due && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20))
    if (signal.aborted) return index
    onKill(name)
    await tree.crash(name)
  }
  return names.length
}
