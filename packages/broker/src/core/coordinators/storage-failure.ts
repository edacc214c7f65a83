import { isMillraceError } from '@millrace/base'

/** The device refused a record (disk full, broken): nothing has changed, and clients may try again. */
function isStorageFailure(cause: unknown): boolean {
  return isMillraceError(cause) && cause.code === 'BROKER_STORAGE_FAILED'
}

/** Runs `action` and says whether the device took what it wrote; everything else that goes wrong is thrown. */
export function isStored(action: () => void): boolean {
  try {
    action()
    return true
  } catch (cause) {
    if (!isStorageFailure(cause)) throw cause
    return false
  }
}

/** Runs `action`; a refusal of the device goes to `onFailure`, everything else is thrown. */
export function whenStored(action: () => void, onFailure: () => void): void {
  if (!isStored(action)) onFailure()
}
