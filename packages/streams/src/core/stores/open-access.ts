import type { ProcessorSetup } from '../processor.ts'
import type { SpecOf, StoreSpec } from '../topology/store-kinds.ts'
import { headersAccess, headersSessionAccess, headersWindowAccess } from './headers-access.ts'
import { timestampedAccess } from './key-value-access.ts'
import { sessionAccess } from './session-access.ts'
import type { SpanStore } from './span-store.ts'
import type { StateStore } from './state-store.ts'
import { hidesHeaders } from './value-headers.ts'
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

/** Of a store of the DSL, with headers or without, processors see the values. */
function showsHeaders({ hasHeaders = false, valueSerde }: StoreSpec): boolean {
  return hasHeaders && !hidesHeaders(valueSerde)
}

function keyValueAccess(spec: SpecOf<'keyValue'>, setup: ProcessorSetup): unknown {
  const rows = timestampedAccess(setup.store<StateStore>(spec.name), setup.context)
  return showsHeaders(spec) ? headersAccess(rows, setup.context) : rows
}

function windowStoreAccess(spec: SpecOf<'window'>, setup: ProcessorSetup): unknown {
  if (spec.hasSpans) return setup.store(spec.name)
  const windows = windowAccess(setup.store<StateStore>(spec.name), setup.context, spec, () => setup.drop('late'))
  return showsHeaders(spec) ? headersWindowAccess(windows, setup.context) : windows
}

function sessionStoreAccess(spec: SpecOf<'session'>, setup: ProcessorSetup): unknown {
  const sessions = sessionAccess(setup.store<SpanStore>(spec.name), setup.context, () => setup.drop('late'))
  return showsHeaders(spec) ? headersSessionAccess(sessions, setup.context) : sessions
}
