/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells a guest of QEMU that an ivshmem-plain device holds a vmclock page.
 *
 * The device is at slot 0x10 of the first PCI bus, which QEMU calls S80 in its own tables, of `pc`
 * and of `q35` alike. The page is what its BAR2 shows, wherever firmware or the guest put that.
 */
DefinitionBlock ("", "SSDT", 2, "VMCLKH", "VMCIVSHM", 0x00000001)
{
    External (\_SB.PCI0.S80, DeviceObj)

    Scope (\_SB.PCI0.S80)
    {
        OperationRegion (HEAD, PCI_Config, 0x00, 0x20)
        Field (HEAD, DWordAcc, NoLock, Preserve)
        {
            IDEN, 32,           /* device and vendor */
            Offset (0x18),
            BRLO, 32,           /* BAR2: 64 bits, prefetchable; four bits of type */
            BRHI, 32
        }

        Device (VCLK)
        {
            Name (_HID, "AMZNC10C")
            Name (_CID, "VMCLOCK")
            Name (_DDN, "VMCLOCK")

            /* Another device in this slot is no clock. */
            Method (_STA, 0, NotSerialized)
            {
                If (IDEN == 0x11101AF4)
                {
                    Return (0x0F)
                }
                Return (Zero)
            }

            Method (_CRS, 0, Serialized)
            {
                Name (PAGE, ResourceTemplate ()
                {
                    QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, Cacheable,
                        ReadOnly, 0x0, 0x0, 0xFFF, 0x0, 0x1000, , , BAR2)
                })
                CreateQWordField (PAGE, BAR2._MIN, FRST)
                CreateQWordField (PAGE, BAR2._MAX, LAST)
                FRST = ((BRHI << 32) | (BRLO & 0xFFFFFFF0))
                LAST = (FRST + 0xFFF)
                Return (PAGE)
            }
        }
    }
}
