/** An index with a project of 40,000 files, a small one, and two that are 60 MB of nothing in 58 KB. Prints its origin. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { makeBigProject } from './big-page.ts'

const NOTHING = `${'{},'.repeat(20_000_000)}{}`
const bodies = new Map<string, Buffer>()

const server = createServer((request, response) => {
  const body = bodies.get(/^\/simple\/([^/]+)\/$/.exec(request.url ?? '')?.[1] ?? '')
  const headers = { 'content-type': 'application/vnd.pypi.simple.v1+json', 'content-encoding': 'gzip' }
  if (body === undefined) response.writeHead(404).end()
  else response.writeHead(200, headers).end(body)
})
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const pageOf = (name: string, files: number) => makeBigProject({ name, files, origin }).page
  bodies.set('big', gzipSync(pageOf('big', 40_000), { level: 1 }))
  bodies.set('small', gzipSync(pageOf('small', 20)))
  const head = '"meta":{"api-version":"1.0"}'
  bodies.set('entries', gzipSync(`{${head},"name":"entries","files":[${NOTHING}]}`))
  bodies.set('members', gzipSync(`{${head},"name":"members","files":[],"other":[${NOTHING}]}`))
  console.log(origin)
})
