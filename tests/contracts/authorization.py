"""The authorization matrix: who may call each public method. It is written by hand, and not derived from the contract.

`+`: the call is let through. `1`: 401, sign in first. `3`: 403, not allowed. The last cooks work at the cinema that the
call concerns, and at another one; a method that concerns no cinema does not tell them apart.
"""

CALLERS = ("signed out", "guest", "buyer", "cook", "usher", "cashier", "manager", "admin", "cook here",
           "cook elsewhere", "revoked")

ANYONE = "+++++++++++"
BUYERS = "1+++++++++1"    # with or without an account
MEMBERS = "13++++++++1"
STAFF = "133+++++++1"
ADMINS = "1333333+331"
COOKS = "133+33+++31"
USHERS = "1333+3++331"
MANAGERS = "133333++331"

MATRIX = {
    "user.register": ANYONE,
    "user.login": ANYONE,
    "user.authorize": ANYONE,
    "user.start_guest": ANYONE,
    "user.open_order": ANYONE,
    "user.send_order_link": ANYONE,
    "user.confirm_email": ANYONE,
    "user.logout": BUYERS,
    "user.get_second_factor": MEMBERS,
    "user.begin_second_factor": MEMBERS,
    "user.confirm_second_factor": MEMBERS,
    "user.remove_second_factor": MEMBERS,
    "user.get_profile": MEMBERS,
    "user.update_profile": MEMBERS,
    "user.send_confirmation": MEMBERS,
    "user.close_account": MEMBERS,
    "user.request_password_reset": ANYONE,
    "user.reset_password": ANYONE,
    "user.change_password": MEMBERS,
    "user.get_sessions": MEMBERS,
    "user.end_session": MEMBERS,
    "user.get_addresses": MEMBERS,
    "user.save_address": MEMBERS,
    "user.remove_address": MEMBERS,
    "user.get_users": STAFF,
    "user.get_by_name": STAFF,
    "user.search": STAFF,
    "user.grant": ADMINS,
    "user.withdraw": ADMINS,
    "user.save": ADMINS,
    "user.remove": ADMINS,
    "film.get_all_list": ANYONE,
    "film.get_info_list": ANYONE,
    "film.get_info": ANYONE,
    "film.get_screening": ANYONE,
    "film.get_hall_info": ANYONE,
    "film.suggest_seats": ANYONE,
    "order.buy": BUYERS,
    "order.pay": BUYERS,
    "order.refund": BUYERS,
    "order.refund_preview": BUYERS,
    "order.cancel": BUYERS,
    "order.get_info": BUYERS,
    "order.get_list": BUYERS,
    "order.get_ticket_images": BUYERS,
    "order.get_calendar": BUYERS,
    "order.get_receipt": BUYERS,
    "order.get_ticket_keys": ANYONE,
    "order.cancel_screening": MANAGERS,
    "order.admit": USHERS,
    "order.undo_admission": USHERS,
    "order.get_attendance": USHERS,
    "order.get_door_list": USHERS,
    "order.join_queue": BUYERS,
    "order.get_place": BUYERS,
    "order.open_queue": MANAGERS,
    "order.close_queue": MANAGERS,
    "kitchen.get_menu": ANYONE,
    "kitchen.get_queue": COOKS,
    "kitchen.start": COOKS,
    "kitchen.finish": COOKS,
    "kitchen.hand_over": COOKS,
    "kitchen.undo": COOKS,
    "kitchen.restock": MANAGERS,
    "loyalty.get_points": MEMBERS,
    "loyalty.get_entries": MEMBERS,
    "loyalty.redeem": MEMBERS,
    "loyalty.check_in": MEMBERS,
    "loyalty.get_check_in": MEMBERS,
    "loyalty.get_check_ins": STAFF,
    "account.get_overview": MEMBERS,
    "notification.get_messages": MEMBERS,
    "notification.get_unread": MEMBERS,
    "notification.mark_read": MEMBERS,
    "order.get_upcoming": MEMBERS,
    "payment.get_cards": MEMBERS,
    "payment.remove_card": MEMBERS,
    "wallet.get_balance": MEMBERS,
    "wallet.get_entries": MEMBERS,
    "wallet.adjust": MANAGERS,
    "office.get_log": MANAGERS,
    "office.reconcile": MANAGERS,
    "insight.get_topology": MANAGERS,
    "insight.get_traces": MANAGERS,
    "insight.get_trace": MANAGERS,
}

# The methods about a thing that a member or guest owns, by the field that names it: nobody else reaches it.
OWN_THINGS = {
    ("order.pay", "order_id"),
    ("order.pay", "card_id"),
    ("order.refund", "order_id"),
    ("order.refund_preview", "order_id"),
    ("order.cancel", "order_id"),
    ("order.get_info", "order_id"),
    ("order.get_ticket_images", "order_id"),
    ("order.get_calendar", "order_id"),
    ("order.get_receipt", "order_id"),
    ("order.get_receipt", "address_id"),
    ("user.end_session", "session_id"),
    ("user.save_address", "address_id"),
    ("user.remove_address", "address_id"),
    ("payment.remove_card", "card_id"),
}
EVERYBODYS = {"screening_id", "film_id", "cinema_id"}  # ids of things that belong to no member
