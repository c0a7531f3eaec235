import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { parseTenantLists } from './tenant-lists.ts'

const SITE = { site_id: 'dev', primary: true, site_admin_tenant_id: 'admin', services: ['notifications'] }
const pemOf = (modulusLength: number) =>
  generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).publicKey

let pem = ''
beforeAll(() => {
  pem = pemOf(2048)
})

const body = () => pem.replace(/-----[A-Z ]+-----|\n/g, '')
const readKey = async (publicKey: string | undefined) => {
  const { data, keyViolations } = await parseTenantLists({
    tenants: [{ tenant_id: 'dev', site_id: 'dev', public_key: publicKey }],
    sites: [SITE],
  })
  return { hasKey: data.tenants.get('dev')?.key !== undefined, keyViolations }
}

test.each([
  ['wrapped at 64 columns', () => pem],
  ['in one line', () => `-----BEGIN PUBLIC KEY-----\n${body()}\n-----END PUBLIC KEY-----`],
  ['with CRLF', () => pem.replaceAll('\n', '\r\n')],
  ['without armour', () => body()],
  ['with space around', () => `\n  ${pem}\n\n`],
])('a public key %s is read', async (_, text) => {
  expect(await readKey(text())).toEqual({ hasKey: true, keyViolations: [] })
})

test.each([
  ['absent', () => undefined, /not base64/],
  ['no base64', () => '-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----', /not base64/],
  ['a certificate', () => `-----BEGIN CERTIFICATE-----\n${body()}\n-----END CERTIFICATE-----`, /not base64/],
  ['not an SPKI', () => 'aGVsbG8=', /not an RSA key/],
  [
    'of an elliptic curve',
    () =>
      generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).publicKey,
    /not an RSA key/,
  ],
  ['of 1024 bits', () => pemOf(1024), /shorter than 2048/],
])('a public key that is %s leaves the tenant without a key', async (_, text, violation) => {
  const { hasKey, keyViolations } = await readKey(text())
  expect(hasKey).toBe(false)
  expect(keyViolations).toEqual([expect.stringMatching(violation)])
})

test('every malformed or repeated entry is named, and the others are kept', async () => {
  const { data, entryViolations } = await parseTenantLists({
    tenants: [{ tenant_id: 'a' }, { tenant_id: ' ' }, 'x', { tenant_id: 'a' }, { tenant_id: 'b', public_key: 7 }],
    sites: [SITE, { site_id: 's', services: 'notifications' }],
  })
  expect([...data.tenants.keys(), ...data.sites.keys()]).toEqual(['a', 'dev'])
  expect(entryViolations.map((violation) => violation.split(':')[0])).toEqual(
    expect.arrayContaining([
      'tenants/1/tenant_id',
      'tenants/2',
      'tenants/3',
      'tenants/4/public_key',
      'sites/1/services',
    ]),
  )
})

test('members that the Tenants service leaves out are not a violation', async () => {
  const { data, entryViolations } = await parseTenantLists({
    tenants: [{ tenant_id: 'a' }],
    sites: [SITE, { site_id: 'bare' }],
  })
  expect(entryViolations).toEqual([])
  expect(data.sites.get('bare')).toEqual({
    id: 'bare',
    isPrimary: false,
    adminTenantId: undefined,
    services: new Set(),
  })
})

test('the addresses of services of tenants and sites are read, and are optional', async () => {
  const { data } = await parseTenantLists({
    tenants: [
      { tenant_id: 'a', base_url: 'https://a.example.org', token_service: 'https://a.example.org/v3/tokens' },
      { tenant_id: 'b', base_url: null, token_service: ' ' },
    ],
    sites: [{ ...SITE, tenant_base_url_template: 'https://${tenant_id}.example.org' }],
  })
  expect(data.tenants.get('a')).toMatchObject({
    baseUrl: 'https://a.example.org',
    tokenService: 'https://a.example.org/v3/tokens',
  })
  expect(data.tenants.get('b')).toMatchObject({ baseUrl: undefined, tokenService: undefined })
  expect(data.sites.get('dev')).toMatchObject({ tenantBaseUrlTemplate: 'https://${tenant_id}.example.org' })
})

test('tenants that are all malformed make the lists unusable', async () => {
  const { listViolations } = await parseTenantLists({ tenants: [{ tenant_id: 7 }, 'x'], sites: [SITE] })
  expect(listViolations).toEqual([expect.stringMatching(/^tenants: there is no usable entry/)])
})

test.each([[0], [2]])('%i primary sites make the lists unusable', async (count) => {
  const sites = Array.from({ length: 2 }, (_, index) => ({ site_id: `s${index}`, primary: index < count }))
  expect((await parseTenantLists({ tenants: [], sites })).listViolations).toEqual([
    expect.stringMatching(/^tenants: there is no usable entry/),
    expect.stringMatching(/^sites: /),
  ])
})

test('the fingerprint changes with what counts, not with descriptions or the order', async () => {
  const [a, b] = [
    { tenant_id: 'a', site_id: 'dev' },
    { tenant_id: 'b', site_id: 'dev' },
  ]
  const printOf = async (tenants: unknown[], sites: unknown[] = [SITE]) =>
    (await parseTenantLists({ tenants, sites })).data.fingerprint
  const original = await printOf([a, b])
  expect(await printOf([{ ...b, description: 'new' }, a])).toBe(original)
  expect(await printOf([a, { ...b, site_id: 'other' }])).not.toBe(original)
  for (const member of ['base_url', 'token_service'])
    expect(await printOf([a, { ...b, [member]: 'https://b.example.org' }])).not.toBe(original)
  expect(await printOf([a, b], [{ ...SITE, tenant_base_url_template: 'https://${tenant_id}.example.org' }])).not.toBe(
    original,
  )
  expect(await printOf([a, b], [{ ...SITE, services: [] }])).not.toBe(original)
})
