import { whenReady } from '@millrace/contracts'

/** Resolves when what a serde lacked has come, or will not come this time; `error` is its CONTRACT_NOT_READY. */
export async function schemaSettled(error: unknown): Promise<void> {
  let isFirst = true
  const again = (): void => {
    if (!isFirst) return
    isFirst = false
    throw error
  }
  try {
    await whenReady(again)
  } catch {
    // Whoever tries again is told.
  }
}
