import t from 'tap'
import { createPlaces } from '../../../src/http/access/places.ts'
import { createTrusted } from '../../../src/http/door/address.ts'

const access = {
  anonymous: false,
  tokens: true,
  workloads: [],
  front: { header: 'x-user', trusted: createTrusted([]) },
}
const index = (name: string, path: string) => ({ name, path, access })

t.test('a path is of the index that lies furthest down along it, however it is spelled', async t => {
  const placeOf = createPlaces([index('main', ''), index('ml', '/ml'), index('deep', '/ml/deep')])
  const named = (url: string): string => {
    const place = placeOf(url)
    return place.kind === 'index' ? place.index.name : place.kind
  }
  for (const [url, expected] of [
    ['/simple/demo/', 'main'],
    ['/ml/simple/demo/', 'ml'],
    ['/%6dl/simple/demo/', 'ml'],
    ['/%6D%6C/simple/demo/', 'ml'],
    ['/ml/simple/%64emo/', 'ml'],
    ['/ml/deep/packages/a', 'deep'],
    ['/ml/%64eep/packages/a', 'deep'],
    ['/mlx/simple/', 'main'],
    ['/ml', 'main'],
    ['/ml?x=/simple/', 'main'],
    ['/ml%2Fsimple/demo/', 'main'],
    ['/%256dl/simple/demo/', 'main'],
    ['/nothing', 'main'],
    ['/metrics', 'metrics'],
    ['/%6detrics?a=b', 'metrics'],
    ['/', 'common'],
    ['', 'common'],
    ['/x/abc', 'common'],
    ['/codes', 'common'],
    ['//ml/simple/', 'common'],
  ] as const)
    t.equal(named(url), expected, url)
  t.equal(createPlaces([index('ml', '/ml')])('/simple/').kind, 'common')
})
