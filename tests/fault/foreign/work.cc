// SPDX-License-Identifier: Apache-2.0
// Work that counts in a variable of which a process has one alone, whatever is loaded later.
template <typename T> struct counted {
    static T count;
};

template <typename T> T counted<T>::count = 0;

extern "C" int foreign_work()
{
    return ++counted<int>::count;
}
