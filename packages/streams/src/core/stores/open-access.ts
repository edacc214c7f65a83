import type { ProcessorSetup } from '../processor.ts'
import type { SpecOf, StoreSpec } from '../topology/store-kinds.ts'
import { headersAccess, headersSessionAccess, headersWindowAccess } from './headers-access.ts'
import { timestampedAccess } from './key-value-access.ts'
import { sessionAccess } from './session-access.ts'
import type { SpanStore } from './span-store.ts'
import type { StateStore } from './state-store.ts'
import { versionedAccess } from './versioned-access.ts'
import { windowAccess } from './window-access.ts'

/** A store as processors use it, with times, and with headers where it has them. */
export function openAccess(spec: StoreSpec, setup: ProcessorSetup): unknown {
  switch (spec.kind) {
    case 'keyValue':
      return keyValueAccess(spec, setup)
    case 'window':
      return windowStoreAccess(spec, setup)
    case 'session':
      return sessionStoreAccess(spec, setup)
    case 'versioned':
      return versionedAccess(spec.name, setup)
    default:
      return setup.store(spec.name)
  }
}

function keyValueAccess({ name, hasHeaders }: SpecOf<'keyValue'>, setup: ProcessorSetup): unknown {
  const rows = timestampedAccess(setup.store<StateStore>(name), setup.context)
  return hasHeaders ? headersAccess(rows, setup.context) : rows
}

function windowStoreAccess(spec: SpecOf<'window'>, setup: ProcessorSetup): unknown {
  if (spec.hasSpans) return setup.store(spec.name)
  const windows = windowAccess(setup.store<StateStore>(spec.name), setup.context, spec, () => setup.drop('late'))
  return spec.hasHeaders ? headersWindowAccess(windows, setup.context) : windows
}

function sessionStoreAccess({ name, hasHeaders }: SpecOf<'session'>, setup: ProcessorSetup): unknown {
  const sessions = sessionAccess(setup.store<SpanStore>(name), setup.context, () => setup.drop('late'))
  return hasHeaders ? headersSessionAccess(sessions, setup.context) : sessions
}
