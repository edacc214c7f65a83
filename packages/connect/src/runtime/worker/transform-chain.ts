import type { ConnectRecord } from '../../data/record.ts'
import type { Predicate, Transform } from '../../transforms/transform.ts'

/** A transform that is applied only where its predicate says so (KIP-585). */
export function conditionally(transform: Transform, predicate: Predicate, negate: boolean): Transform {
  const conditional: Transform = {
    apply: (record: ConnectRecord) => (predicate.test(record) === negate ? record : transform.apply(record)),
    close: () => transform.close?.(),
  }
  // A refused record's headers name the class at work, which is the transform's.
  Object.defineProperty(conditional, 'constructor', { value: transform.constructor })
  return conditional
}
