import type { StoreSpec } from '../topology/store-kinds.ts'
import { openCachedStore } from './cached-store.ts'
import { openChangeBuffer } from './change-buffer.ts'
import { openJoinBuffer } from './join-buffer.ts'
import { openSpanStore } from './open-span-store.ts'
import { openOuterJoinStore } from './outer-join-store.ts'
import { openSubscriptionStore } from './subscription-store.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import { openVersionedStore } from './versioned-store.ts'
import { openWindowListStore } from './window-list-store.ts'

/** Opens a store of any kind. */
export function openStore(spec: StoreSpec, environment: StoreEnvironment): TaskStore {
  switch (spec.kind) {
    case 'keyValue':
      return openCachedStore(spec, environment)
    case 'window':
      return spec.hasSpans ? openSpanStore(spec, environment) : openCachedStore(spec, environment)
    case 'session':
      return openSpanStore(spec, environment)
    case 'windowList':
      return openWindowListStore(spec, environment)
    case 'outerJoin':
      return openOuterJoinStore(spec, environment)
    case 'versioned':
      return openVersionedStore(spec, environment)
    case 'joinBuffer':
      return openJoinBuffer(spec, environment)
    case 'subscription':
      return openSubscriptionStore(spec, environment)
    case 'buffer':
      return openChangeBuffer(spec, environment)
  }
}
