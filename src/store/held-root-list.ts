import { Readable } from 'node:stream'
import type { Holdings } from '../ports/mirror.ts'
import type { RootList } from '../ports/outward.ts'

/** The list of the projects that a mirror holds: short, and made anew each time. */
export function createHeldRootList(holdings: Pick<Holdings, 'projects'>): RootList {
  return {
    mostAtOnce: Number.POSITIVE_INFINITY,
    async open() {
      const projects = (await holdings.projects()).map(name => ({ name }))
      const text = JSON.stringify({ meta: { 'api-version': '1.4' }, projects })
      return { body: Readable.from([Buffer.from(text)]), coding: 'identity', serial: undefined }
    },
  }
}
