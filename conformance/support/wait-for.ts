import { setTimeout as delay } from 'node:timers/promises'

/** Waits until `condition` holds; says what it waited for when it does not within `timeoutMs`. */
export async function waitFor(what: string, condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await delay(20)
  }
}
