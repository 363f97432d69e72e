import type { Scope } from './world.ts'

/** A test's scope without a test: what was opened last is closed first. */
export class ManualScope implements Scope {
  readonly #actions: (() => unknown)[] = []

  teardown(action: () => unknown): void {
    this.#actions.push(action)
  }

  async end(): Promise<void> {
    for (let action = this.#actions.pop(); action !== undefined; action = this.#actions.pop()) await action()
  }
}
