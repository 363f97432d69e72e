import t from 'tap'
import { assertOwnSite, createOwnPlaces } from '../../../src/http/console/own-places.ts'

t.test('a name is ours with the port that it says, or that goes without saying', async t => {
  const places = createOwnPlaces('https://console.acme.example', 'http://127.0.0.1:8081')
  t.equal(places.canonical, 'https://console.acme.example')
  for (const [host, origin] of [
    ['console.acme.example', 'https://console.acme.example'],
    ['Console.Acme.Example:443', 'https://console.acme.example'],
    ['127.0.0.1:8081', 'http://127.0.0.1:8081'],
    ['localhost:8081', 'http://localhost:8081'],
  ] as const)
    t.equal(places.originOf({ headers: { host } }), origin)
  for (const host of [
    'console.acme.example:8081',
    'acme.example',
    'console.acme.example.',
    '127.0.0.1',
    'x@127.0.0.1:8081',
    undefined,
  ])
    t.throws(
      () => places.originOf({ headers: host === undefined ? {} : { host } }),
      { code: 'wrong-host' },
      String(host),
    )
})

t.test('a port that is said for the other scheme is another place', async t => {
  const places = createOwnPlaces('https://console.acme.example', 'http://127.0.0.1:8081')
  t.throws(() => places.originOf({ headers: { host: 'console.acme.example:80' } }), { code: 'wrong-host' })
})

t.test('a console that listens beyond this machine is called by its public name alone', async t => {
  const places = createOwnPlaces('https://console.acme.example', 'http://[::]:8081')
  t.throws(() => places.originOf({ headers: { host: 'localhost:8081' } }), { code: 'wrong-host' })
})

t.test('whoever types the address, or asks from no browser, is no other site', async t => {
  const own = 'https://console.acme.example'
  t.doesNotThrow(() => assertOwnSite({ method: 'GET', headers: {} }, own))
  t.doesNotThrow(() =>
    assertOwnSite({ method: 'POST', headers: { origin: own, 'sec-fetch-site': 'same-origin' } }, own),
  )
  t.doesNotThrow(() => assertOwnSite({ method: 'GET', headers: { 'sec-fetch-site': 'none' } }, own))
  t.throws(() => assertOwnSite({ method: 'DELETE', headers: { origin: 'null' } }, own), { code: 'foreign-origin' })
})
