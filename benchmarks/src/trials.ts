import type { Trial } from './trial.ts'
import { clientConsume, clientConsumeRecords } from './trials/client-consume.ts'

export const trials: readonly Trial[] = [clientConsume, clientConsumeRecords]
