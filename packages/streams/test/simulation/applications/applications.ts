import type { SimulatedApplication } from '../simulated-application.ts'
import { archive } from './archive-app.ts'
import { board } from './board-app.ts'
import { market } from './market-app.ts'
import { post } from './post-app.ts'
import { shop } from './shop-app.ts'
import { till } from './till-app.ts'

/** Together they have every kind of store and every path of the runtime. */
export const applications: readonly SimulatedApplication[] = [shop, market, board, post, till, archive]
