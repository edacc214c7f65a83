export interface CrashSuite {
  /** Why the suite cannot run here. */
  readonly skip?: string | undefined
  readonly startBroker: () => Promise<{ readonly brokers: string } & AsyncDisposable>
  /** How often the connector is killed. */
  readonly kills: number
}
