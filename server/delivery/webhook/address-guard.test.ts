import { expect, test } from 'vitest'
import { createAddressGuard } from './address-guard.ts'

const strict = createAddressGuard({ allow: [] })
const judged = (address: string, allow: string[] = []) => createAddressGuard({ allow }).judge(address).kind

test.each([
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::7f00:1',
  '::127.0.0.1',
  '::8.8.8.8',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:7f00:0001',
  '::ffff:169.254.169.254',
  '::ffff:0:8.8.8.8',
  '::fffe:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '100::1',
  '1::1',
  'fc00::1',
  'fd00:ec2::254',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'feff::1',
  'ff02::1',
  'ff0e::1',
  '2001::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:1ff::1',
  '2001:10::1',
  '2001:20::1',
  '2001:db8::1',
  '2002::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  '3fff::1',
  '3fff:fff::1',
  '4000::1',
  '5f00::1',
  '8000::1',
  '2600:1::5efe:8.8.8.8',
  '2600:1::200:5efe:10.0.0.1',
])('%s is rejected', (address) => {
  expect(strict.judge(address).kind).toBe('refused')
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '128.0.0.1',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.1',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2606:4700:4700::1111',
  '2a00:1450:4001:800::200e',
  '2003::1',
  '3ffe::1',
  '2600:1::5efd:8.8.8.8',
])('%s passes', (address) => {
  expect(strict.judge(address).kind).toBe('allowed')
})

test.each([
  '',
  'localhost',
  '2130706433',
  '0x7f.1',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  '127.0.0.01',
  '127.0.0.1.',
  '8.8.8.8.',
  ' 8.8.8.8',
  '8.8.8',
  '8.8.8.256',
  '[2606:4700::1]',
  '2606:4700::1::',
  '/var/run/x.sock',
  '%eth0',
])('%j is no address and is refused', (text) => {
  expect(strict.judge(text)).toEqual({ kind: 'refused', range: 'no address' })
})

test('a block of the allow-list opens its addresses and no others', () => {
  expect(judged('10.1.2.3', ['10.1.0.0/16'])).toBe('allowed')
  expect(judged('10.2.0.1', ['10.1.0.0/16'])).toBe('refused')
  expect(judged('fd12::1', ['10.0.0.0/8', 'fd12::/16'])).toBe('allowed')
  expect(judged('64:ff9b::808:808', ['64:ff9b::/96'])).toBe('allowed')
})

test('an IPv4 block covers the mapped form, and the other way round', () => {
  expect(judged('::ffff:10.1.2.3', ['10.0.0.0/8'])).toBe('allowed')
  expect(judged('10.1.2.3', ['::ffff:10.0.0.0/104'])).toBe('allowed')
  expect(judged('11.1.2.3', ['::ffff:10.0.0.0/104'])).toBe('allowed') // public anyway
  expect(judged('192.168.0.1', ['::ffff:10.0.0.0/104'])).toBe('refused')
})

test('a wide block does not open a metadata address, in any notation', () => {
  const wide = ['0.0.0.0/0', '::/0']
  for (const address of [
    '169.254.169.254',
    '100.100.100.200',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '::169.254.169.254',
    '2002:a9fe:a9fe::1',
  ]) {
    expect(judged(address, wide), address).toBe('refused')
  }
  expect(judged('169.254.1.1', wide)).toBe('allowed')
})

test('naming exactly a metadata address opens it', () => {
  expect(judged('169.254.169.254', ['169.254.169.254/32'])).toBe('allowed')
  expect(judged('::ffff:169.254.169.254', ['169.254.169.254/32'])).toBe('allowed')
  expect(judged('fd00:ec2::254', ['fd00:ec2::254/128'])).toBe('allowed')
  expect(judged('169.254.169.254', ['169.254.169.254/31'])).toBe('refused')
})

const own = createAddressGuard({
  allow: [],
  exceptOrigin: { origin: 'http://10.0.0.5:8080', pathPrefix: '/v3/notifications/test/callback/' },
})

test.each([
  'http://10.0.0.5:8080/v3/notifications/test/callback/b3c0d1/',
  'http://10.0.0.5:8080/v3/notifications/test/callback/b3c0d1',
])('%s is an own callback', (address) => {
  expect(own.isOwnCallback(new URL(address))).toBe(true)
})

test.each([
  'http://10.0.0.5:8080/v3/notifications/test/callback/',
  'http://10.0.0.5:8080/v3/notifications/events',
  'http://10.0.0.5:8081/v3/notifications/test/callback/x/',
  'https://10.0.0.5:8080/v3/notifications/test/callback/x/',
  'http://10.0.0.6:8080/v3/notifications/test/callback/x/',
  'http://10.0.0.5:8080/v3/notifications/test/callback/../../events',
  'http://10.0.0.5:8080/v3/notifications/test/callback/%2e%2e/%2e%2e/events',
  'http://10.0.0.5:8080/v3/notifications/test/callback/..%2f..%2fevents',
  'http://10.0.0.5:8080/v3/notifications/test/callback/x/y',
  'http://10.0.0.5:8080/v3/notifications/test/callback/x?y',
  'http://10.0.0.5:8080/V3/notifications/test/callback/x',
])('%s is no own callback', (address) => {
  expect(own.isOwnCallback(new URL(address))).toBe(false)
})

test('an own callback may be anywhere except at a metadata address', () => {
  expect(own.judge('10.0.0.5', { isOwn: true }).kind).toBe('allowed')
  expect(own.judge('10.0.0.5').kind).toBe('refused')
  expect(own.judge('169.254.169.254', { isOwn: true }).kind).toBe('refused')
})
