import type { Access } from '../exchange/guard.ts'

export interface Route {
  /** as the router takes it: `:name` stands for one segment */
  readonly url: string
  /** what the access log and the metrics call it */
  readonly name: string
  readonly access: Access
}

/** Every route there is. The door reads it before the router is asked. */
export class RouteTable {
  readonly #routes: Route[] = []
  readonly #open = new Set<string>()
  readonly #taking: RegExp[] = []

  get all(): readonly Route[] {
    return this.#routes
  }

  /** @throws TypeError for an open route that is not exactly one path */
  add(route: Route): void {
    if (route.access === 'open') {
      if (/[:*]/.test(route.url)) throw new TypeError(`${route.url} is more than one path, and cannot be open`)
      this.#open.add(route.url)
    }
    this.#routes.push(route)
  }

  /** Paths that take what somebody sends (POST), besides being read; matched in their plainest spelling, before the router is asked. */
  take(path: RegExp): void {
    this.#taking.push(path)
  }

  takes(target: string): boolean {
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    return this.#taking.some(taking => taking.test(path))
  }

  /** An open path is open in its plainest spelling alone. */
  accessOf(target: string): Access {
    const mark = target.indexOf('?')
    return this.#open.has(mark < 0 ? target : target.slice(0, mark)) ? 'open' : 'guarded'
  }
}
