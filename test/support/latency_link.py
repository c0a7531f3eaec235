"""
A slow network cable. Makes an interface `near` in this network namespace and one `far` in the namespace of the process
argv[1], and carries packets between them, each of which is argv[2] seconds under way. argv[3...], faults:
  lost-syn   the first SYN of each connection is lost
  no-ipv6    IPv6 packets are lost
Says `up` when the interfaces are there.
"""
import ctypes, fcntl, heapq, os, select, struct, subprocess, sys, time

CLONE_NEWNET, TUNSETIFF, TUN_WITHOUT_HEADER, TCP, SYN, ACK = 0x40000000, 0x400454ca, 0x1001, 6, 2, 16
far_pid, delay, faults = sys.argv[1], float(sys.argv[2]), sys.argv[3:]


def interface(name, *addresses):
    end = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack('16sH', name.encode(), TUN_WITHOUT_HEADER))
    for address in addresses:
        subprocess.check_call(['ip', 'addr', 'add', address, 'dev', name] + (['nodad'] if ':' in address else []))
    for each in (name, 'lo'):
        subprocess.check_call(['ip', 'link', 'set', each, 'up'])
    return end


seen = set()


def is_lost(packet):
    version = packet[0] >> 4
    if version == 6:
        return 'no-ipv6' in faults
    if 'lost-syn' not in faults or packet[9] != TCP:
        return False
    head = (packet[0] & 15) * 4
    if packet[head + 13] & (SYN | ACK) != SYN:
        return False
    connection = packet[12:20] + packet[head:head + 4]
    is_first = connection not in seen
    seen.add(connection)
    return is_first


near = interface('near', '10.9.0.1/24', *(['2600:9::1/64'] if 'no-ipv6' in faults else []))
ctypes.CDLL(None).setns(os.open(f'/proc/{far_pid}/ns/net', os.O_RDONLY), CLONE_NEWNET)
far = interface('far', '10.9.0.2/24')
print('up', flush=True)
under_way, count = [], 0
while True:
    wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
    for end in select.select([near, far], [], [], wait)[0]:
        packet = os.read(end, 65536)
        if is_lost(packet):
            continue
        count += 1
        heapq.heappush(under_way, (time.monotonic() + delay, count, far if end == near else near, packet))
    while under_way and under_way[0][0] <= time.monotonic():
        _, _, end, packet = heapq.heappop(under_way)
        os.write(end, packet)
