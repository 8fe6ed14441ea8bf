//! The makers of devices, and the families of their models.

/// The makers that put their name before that of a model, in lower case, without punctuation and spaces. Android gives
/// them as manufacturer and as brand.
pub(super) const MAKERS: &str = "\
    samsung xiaomi google apple lge sonyericsson sony asus htc lenovo zte tcl alcatel meizu amazon microsoft hmdglobal \
    sharp kyocera nothing itel";

/// How the names of models begin, as in `Pixel 7` and `Redmi Note 12`, written like [`MAKERS`].
pub(super) const FAMILIES: &str = "\
    samsung xiaomimi xiaomi motog motoe motoz htc visionpro iphone ipad ipod imac macbook macmini macpro applewatch \
    appletv pixel nexus galaxy redmi poco mimix minote mimax mipad motorola moto xperia oneplus nord nokia lumia honor \
    huawei realme oppo vivo iqoo tecno infinix zenfone rogphone fairphone pixeltablet mediumphone smallphone mediumtablet blackberry surfacepro \
    surfacego surfaceduo shield";
